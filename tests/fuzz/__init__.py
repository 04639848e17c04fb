"""Every parser that eats bytes from outside, held to what it promises, with bytes that nobody would send."""
