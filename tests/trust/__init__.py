"""What is thrown at relying parties, line by line, at a whole service."""
