"""Results to text: table, plain, JSON, CSV, markdown. Formats only; computes no bytes, no verdict, no score."""
