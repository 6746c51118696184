"""The peer: the same todos in plain Django REST framework, as its tutorial writes them, on the same tables."""
