class Arbiter:
    pid: int
