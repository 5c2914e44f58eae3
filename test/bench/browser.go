package main

import "errors"

func snapshot(*bench) error { return errors.New("x") }
func churn(*bench) error    { return errors.New("x") }
func latency(*bench) error  { return errors.New("x") }
func sanitize(*bench) error { return errors.New("x") }
