"""What schemathesis has to be told of this API: the bytes of a blob are sent as they are."""

import schemathesis

schemathesis.serializer.alias("application/partial-upload", "application/octet-stream")
