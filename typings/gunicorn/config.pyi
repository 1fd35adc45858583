class Config:
    threads: int
    workers: int
    graceful_timeout: int
