"""Masking of personal data, and keyed pseudonyms for respondents."""
