"""What a call costs: classes of tokens times unit prices, and where the prices are from. Plain Python, no network."""
