/// What is wrong with a JSON body: names the field, never the content.
public enum JSONError: Error, Equatable, Sendable {
    case syntax
    case notUTF8
    case tooDeep
    /// In the text of a field that is read, or in some other.
    case loneSurrogate(field: String?)
    case nameTwice(String)
    case notAnObject
    case wrongType(field: String)
    case missing(field: String)
    case notBase64(field: String)

    /// The same, of a member of the object or array that `field` names.
    func within(_ field: String) -> JSONError {
        switch self {
        case .wrongType(let inner): .wrongType(field: "\(field).\(inner)")
        case .missing(let inner): .missing(field: "\(field).\(inner)")
        case .notBase64(let inner): .notBase64(field: "\(field).\(inner)")
        case .loneSurrogate(let inner?): .loneSurrogate(field: "\(field).\(inner)")
        case .notAnObject: .wrongType(field: field)
        default: self
        }
    }
}
