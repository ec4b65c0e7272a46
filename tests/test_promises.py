"""The promises of docs/trust.md, each attacked by name.

A test here is one attack that was seen to succeed once, told as whoever attacks would do it and
asserted as a user would meet it. The details of each promise are tested beside the code that
keeps it.
"""
