class CallbackRequest:
    chunked: bool

class PythonProtocol:
    _buffer: bytearray
    def feed(self, data: bytes) -> None: ...
    def remaining(self) -> bytes: ...
