"""What a study will take, forecast before it begins, and what it may take."""
