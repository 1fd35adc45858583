"""The web server: gunicorn's asyncio worker holds every connection, and threads run Django for complete requests.

`worker` accepts connections and watches them, `connection` is one of them, `bridge` runs the WSGI application in
`threads`; bodies and answers wait in a `spool`.
"""
