// Package oracle holds what passes the sanitizer against programs that know nothing of it: real pages go through the same
// checks as a customer's, what comes out is written as HTML, and bluemonday, golang.org/x/net/html and the browser must
// find nothing to change in it.
package oracle
