// Package page makes and reads batches for tests and benchmarks. Products do not import it.
//
// A Builder writes what a customer's browser would send, and with its raw calls what only a hostile one would. A Replica
// is the other end: it builds a plain tree from the batches that an agent gets. It shares no code with package sanitizer
// and reads the vocabulary by itself, so that the two can be held against each other.
package page
