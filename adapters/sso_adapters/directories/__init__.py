"""Where accounts lie. Each directory performs ReadAccount and WriteAccount."""
