"""The papers' findings, looked for again."""
