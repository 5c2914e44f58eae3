package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// maxPageFile is the largest file that policy explain reads.
const maxPageFile = 32 << 20

// lineMark is an attribute that carries the line of a start tag through the parser. A page that has it itself loses it.
const lineMark = "vitrine-source-line"

// readPage reads a local HTML file. Every element that stands in the file knows its line.
func readPage(name string) (*html.Node, error) {
	data, err := readHTMLFile(name)
	if err != nil {
		return nil, err
	}
	marked, tags := markLines(data)
	if tags == 0 {
		return nil, fmt.Errorf("%s: this is no HTML: there is no element in it", name)
	}
	doc, err := html.Parse(bytes.NewReader(marked))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: more than 512 elements stand within each other", name)
	}
	return doc, nil
}

func readHTMLFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such file", name)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: this is a directory: name one HTML file", name)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: this is no regular file", name)
	case info.Size() > maxPageFile:
		return nil, fmt.Errorf("%s: the file is too large: %d MiB, at most %d", name, (info.Size()+1<<20-1)>>20, maxPageFile>>20)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPageFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxPageFile:
		return nil, fmt.Errorf("%s: the file is too large: at most %d MiB", name, maxPageFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	kind := http.DetectContentType(data)
	switch {
	case strings.Contains(kind, "utf-16"):
		return nil, fmt.Errorf("%s: the file is UTF-16: save it as UTF-8", name)
	case strings.HasPrefix(kind, "text/xml") && !bytes.Contains(bytes.ToLower(data), []byte("<html")),
		!strings.HasPrefix(kind, "text/"):
		return nil, fmt.Errorf("%s: this is no HTML: it looks like %s", name, kind)
	}
	return bytes.ToValidUTF8(data, []byte("\ufffd")), nil
}

// markLines writes the line of every start tag into it, and counts them.
func markLines(data []byte) (marked []byte, tags int) {
	var out bytes.Buffer
	out.Grow(len(data) * 5 / 4)
	z := html.NewTokenizer(bytes.NewReader(data))
	line := 1
	for {
		kind := z.Next()
		raw := z.Raw()
		lines := bytes.Count(raw, []byte("\n"))
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			end := 1
			for end < len(raw) && !bytes.ContainsRune([]byte(" \t\r\n\f/>"), rune(raw[end])) {
				end++
			}
			out.Write(raw[:end])
			out.WriteString(" " + lineMark + "=" + strconv.Itoa(line) + " ")
			out.Write(raw[end:])
			tags++
		} else {
			out.Write(raw)
		}
		line += lines
		if kind == html.ErrorToken {
			return out.Bytes(), tags
		}
	}
}

// lineOf is the line that an element stands on; 0 when the parser made it.
func lineOf(n *html.Node) int {
	for _, a := range n.Attr {
		if a.Key == lineMark && a.Namespace == "" {
			line, err := strconv.Atoi(a.Val)
			if err == nil {
				return line
			}
		}
	}
	return 0
}
