"""One module for each question: from people's words, resolved by the catalog, to the record that answers."""
