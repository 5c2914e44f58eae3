package main

import "fmt"

// switchSource is the file that every woven package gets: which mutant is awake, and what the woven places call.
func switchSource(name string, mutants int) string {
	return fmt.Sprintf(`package %s

import (
	"os"
	"strconv"
	"sync/atomic"
)

var (
	mutantAwake, _ = strconv.Atoi(os.Getenv("VITRINE_MUTANT"))
	mutantTrace    = os.Getenv("VITRINE_MUTANT_TRACE")
	mutantMet      [%d]atomic.Bool
)

// mutantOn says whether a mutant is awake, and notes that a test came by it.
func mutantOn(n int) bool {
	if mutantTrace != "" && !mutantMet[n].Swap(true) {
		f, err := os.OpenFile(mutantTrace, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		f.WriteString(strconv.Itoa(n) + "\n")
		f.Close()
	}
	return n == mutantAwake
}

func mutantPick[T any](n int, v, other T) T {
	if mutantOn(n) {
		return other
	}
	return v
}

func mutantAdd[S ~[]E, E any](n int, list S, more E) S {
	if mutantOn(n) {
		return append(list[:len(list):len(list)], more)
	}
	return list
}

func mutantPut[K comparable, V any](n int, m map[K]V, k K, v V) map[K]V {
	if mutantOn(n) {
		m[k] = v
	}
	return m
}

var _, _, _, _ = mutantOn, mutantPick[int], mutantAdd[[]int], mutantPut[int, int]
`, name, mutants+1)
}
