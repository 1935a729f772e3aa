"""Dataset error analysis: from scored pairs to the word pairs that cause the errors."""
