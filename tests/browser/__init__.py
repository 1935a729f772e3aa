"""Tests of the pair view where people use it: real notebook servers and a real Chromium."""
