// Package wire is the definition of everything that travels between a browser and the server.
//
// A data channel carries messages. A message is a whole frame or a piece of one (message.go). A frame is a type number
// followed by its fields in the order of the Go struct that defines it (frames_ctl.go, frames_page.go, frames_input.go).
// The payload of a Batch frame is a token stream that builds or changes a page's tree (dom.go).
//
// Numbers are unsigned LEB128 varints in their shortest form, at most 2^31-1 unless a field says otherwise; signed numbers
// are zigzag-coded first. Text is UTF-8, preceded by its length in bytes. There are no optional fields, no extensions and
// no unknown types: a sequence of bytes decodes to exactly one frame or is refused, and encoding that frame again gives the
// same bytes. What a sender may say depends on who it is: a decoder for customers knows customers' frames only.
//
// The Go codec (frames_gen.go), its TypeScript twin (web/wire/frames.ts) and the tables of docs/PROTOCOL.md are generated
// from the structs; run `make wire` after changing one.
package wire

//go:generate go run ./gen
