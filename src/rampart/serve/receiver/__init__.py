"""Receiver: a process of its own that takes datagrams off the network, stamps them and puts them into a ring.

It imports nothing but the standard library, does one thing and holds no state that is worth saving: what it counted
stands in the ring.
"""
