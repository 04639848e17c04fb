"""What the operator decides: values, validated as a whole."""
