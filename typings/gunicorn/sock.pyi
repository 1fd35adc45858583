import socket

class BaseSocket:
    sock: socket.socket
