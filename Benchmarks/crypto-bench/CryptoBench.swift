@main enum CryptoBench { static func main() {} }
