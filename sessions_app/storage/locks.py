"""Advisory locks, by constant keys: a distributed PostgreSQL has them on its coordinator alone."""

# Shared while a batch is digested, exclusive while sessions or requests are deleted: a batch takes it for granted
# that the parts it found are still there when it commits.
LOCK_DIGEST = 7305871
# Exclusive while a partition is made.
LOCK_PARTITIONS = 7305872
