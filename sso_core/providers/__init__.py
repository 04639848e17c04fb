"""What a provider is to a flow."""
