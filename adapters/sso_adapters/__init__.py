"""What surrounds the core: drivers, HTTP senders, stores, directories, servers, pages, the command."""
