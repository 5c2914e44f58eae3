package signaling

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// mediaTypes are the types of the built browser code. A file of another kind is not served.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".map":  "application/json",
	".ts":   "text/plain; charset=utf-8",
	".png":  "image/png",
	".jpg":  "image/jpeg",
	".webp": "image/webp",
	".svg":  "image/svg+xml",
}

// A mount says under which address a folder of the built code is served, in which family, and what its index is.
type mount struct {
	prefix, folder, index string
	family                family
}

// mounts are the folders that are served, in the order in which a visitor meets them.
var mounts = []mount{
	{"/demo/", "demo", "index.html", familyDemo},
	{"/sdk/", "sdk", "", familyScript},
	{"/console/", "console", "console.html", familyConsole},
	{"/console/preview", "console", "console.html", familyConsole},
	{"/check/", "check", "check.html", familyConsole},
	{"/player/", "player", "player.html", familyConsole},
	{"/stage", "stage", "stage.html", familyStage},
	{"/stage/quirks", "stage", "quirks.html", familyStage},
}

// A file is one file, ready to be sent.
type file struct {
	data            []byte
	mediaType, etag string
}

// loadFiles reads the folders of the mounts, so that no request reaches a file system. The result is by address;
// missing are the folders that were not built.
func loadFiles(files fs.FS) (all map[string]file, missing []string, err error) {
	all = map[string]file{}
	for _, m := range mounts {
		if _, err := fs.Stat(files, m.folder); errors.Is(err, fs.ErrNotExist) {
			if !slices.Contains(missing, m.folder) {
				missing = append(missing, m.folder)
			}
			continue
		}
		err := fs.WalkDir(files, m.folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			mediaType, ok := mediaTypes[path.Ext(name)]
			if !ok {
				return fmt.Errorf("%s: no media type is known for it", name)
			}
			data, err := fs.ReadFile(files, name)
			f := newFile(data, mediaType)
			inside := strings.TrimPrefix(name, m.folder+"/")
			if inside == m.index {
				all[m.prefix] = f
			}
			if strings.HasSuffix(m.prefix, "/") {
				all[m.prefix+inside] = f
			}
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("signaling: browser code: %w", err)
		}
	}
	return all, missing, nil
}

func newFile(data []byte, mediaType string) file {
	sum := sha256.Sum256(data)
	return file{data, mediaType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// loadDocs makes the pages below /docs/: each document as it is written, and an index.
func (s *Server) loadDocs(docs fs.FS) error {
	if docs == nil {
		return nil
	}
	names, err := fs.Glob(docs, "*.*")
	if err != nil {
		return err
	}
	index := "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Vitrine: documentation</title><h1>Documentation</h1><ul>\n"
	for _, name := range names {
		data, err := fs.ReadFile(docs, name)
		if err != nil {
			return err
		}
		s.files["/docs/"+name] = newFile(data, "text/plain; charset=utf-8")
		name = html.EscapeString(name)
		index += "<li><a href=\"" + name + "\">" + name + "</a>\n"
	}
	s.files["/docs/"] = newFile([]byte(index+"</ul></html>\n"), mediaTypes[".html"])
	return nil
}

// file serves one of the files. The ETag is the content's, so a browser asks and gets 304 until the next release.
func (s *Server) file(w http.ResponseWriter, r *http.Request) error {
	f, ok := s.files[r.URL.Path]
	if !ok {
		return problemNotFound
	}
	w.Header().Set("Content-Type", f.mediaType)
	w.Header().Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
	return nil
}

// noIcon answers browsers that ask for an icon on their own: a 404 would show as an error in every page's console.
func noIcon(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// redirect sends a visitor to another page of the server.
func redirect(to string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		http.Redirect(w, r, to, http.StatusFound)
		return nil
	}
}
