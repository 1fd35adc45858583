"""The web server. gunicorn's asyncio worker holds all connections, and threads run Django for complete requests.

`worker` accepts and watches connections, `connection` is one of them, and `bridge` runs the WSGI application in
`threads`. Request bodies and responses wait in a `spool`.
"""
