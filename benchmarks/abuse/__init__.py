"""What hostile or broken clients may send, sent to an instance of its own; each figure stands beside its bound."""
