package main

func write(from, to string) error { return nil }
