"""The mesh judged from inside and outside: probe pods of every identity, and what they are answered."""
