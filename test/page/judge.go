package page

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

var (
	customName = regexp.MustCompile(`^[a-z][a-z0-9._]*-[a-z0-9._-]+$`)
	suffix     = regexp.MustCompile(`^[a-z0-9._:-]{1,64}$`)
	reserved   = map[string]bool{"annotation-xml": true, "color-profile": true, "font-face": true, "font-face-src": true,
		"font-face-uri": true, "font-face-format": true, "font-face-name": true, "missing-glyph": true}
	mayHostShadow = strings.Fields("#custom article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span")
)

// judge holds the rules about a node and its place (threat rows 11, 13, 14, 34).
func (p *Replica) judge(n *Node) error {
	if !mayStand(n.Parent, n) {
		return errBatch("content", n.ID)
	}
	if len(n.Attrs) > wire.MaxAttrs || len(n.Parent.Children) > wire.MaxChildren {
		return errBatch("too many", n.ID)
	}
	if !masked(n) {
		if secret(n) && slices.ContainsFunc(n.Lives, func(l Live) bool { return l.Kind == wire.LiveValue }) {
			return errBatch("a secret control tells its value", n.ID)
		}
		return nil
	}
	if n.Kind == Text && strings.Trim(n.Text, "\u2022\u00a0 \t\r\n") != "" {
		return errBatch("masked text", n.ID)
	}
	for _, l := range n.Lives {
		if l.Kind == wire.LiveValue {
			return errBatch("masked value", n.ID)
		}
	}
	for _, a := range n.Attrs {
		rule, _ := AttributeOf(a.Code)
		if rule.Value == vocab.Attr || rule.Value == vocab.URL || a.Code == vocab.SrcAttr {
			return errBatch("masked attribute", n.ID)
		}
	}
	return nil
}

func masked(n *Node) bool {
	for ; n != nil; n = n.Parent {
		if len(n.Attrs) > 0 && n.Attrs[0].Code == vocab.MaskAttr {
			return true
		}
	}
	return false
}

// secret says whether an element is an input whose value is never told.
func secret(n *Node) bool {
	if n.Kind != Elem || n.Code != Code("input") {
		return false
	}
	for _, a := range n.Attrs {
		if rule, _ := AttributeOf(a.Code); rule.Name == "type" {
			return slices.Contains([]string{"password", "hidden", "file"}, rule.Enum[a.Number])
		}
	}
	return false
}

// mayStand says whether a node may be a child of its parent.
func mayStand(parent, n *Node) bool {
	e, _ := Element(n.Code)
	if n.Kind == Box {
		e, _ = Element(Code("div"))
	}
	switch {
	case parent.Kind == Document:
		return n.Kind == Elem && Key(e) == "html"
	case parent.Kind == Elem && parent.Code == vocab.FrameElement:
		return n.Kind == Elem && Key(e) == "html" && len(parent.Children) == 1
	case n.Kind == Elem && Key(e) == "html":
		return false
	case parent.Kind == Shadow:
		return n.Kind == Text || n.Kind != Shadow && flows(e)
	case parent.Kind != Elem:
		return false
	}
	host, _ := Element(parent.Code)
	if n.Kind == Shadow {
		return parent.Children[0] == n && slices.Contains(mayHostShadow, Key(host))
	}
	switch host.Content {
	case vocab.Text:
		return n.Kind == Text
	case vocab.HTMLFlow, vocab.HTMLInSVG:
		return n.Kind == Text || flows(e)
	case vocab.SVGFlow:
		return n.Kind == Text || n.Kind == Elem && e.Space == vocab.SVG
	case vocab.MathFlow:
		return n.Kind == Text || n.Kind == Elem && e.Space == vocab.MathML
	}
	return false
}

// flows says whether an element may stand where HTML stands.
func flows(e vocab.Element) bool {
	return e.Space == vocab.HTML || Key(e) == "svg:svg" || Key(e) == "math:math"
}

var (
	urlText = regexp.MustCompile(`^$|^(https?://[a-z0-9.:\[\]_-]+/|mailto:|tel:)[^?#\x00-\x20]*$`)
	number  = regexp.MustCompile(`^[-+0-9.eE, \t\n%a-zA-Z]*$`)
	path    = regexp.MustCompile(`^[-+0-9.eE, \t\nMmLlHhVvCcSsQqTtAaZz]*$`)
	// fetches are the ways in which CSS could name what is not an asset or a part of the page.
	fetches = regexp.MustCompile(`(?i)url\(\s*"?(?:[^a#"\s]|a[^s]|$)|src\(|image\(\s*"|@import|expression\(|javascript:|-moz-binding|behavior\s*:|paint\(`)
)

// checkValue holds what must be true of every string that an agent gets, by its role. The error names the role alone.
func checkValue(role wire.Role, text string) error {
	ok := utf8.ValidString(text)
	for _, r := range text {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || 0x7f <= r && r < 0xa0 {
			ok = false
		}
	}
	switch role {
	case wire.RoleURL:
		ok = ok && urlText.MatchString(text)
	case wire.RoleID, wire.RoleName:
		ok = ok && len(text) <= 256 && !strings.ContainsAny(text, " \t\n\r\f")
	case wire.RoleNumber:
		ok = ok && number.MatchString(text)
	case wire.RolePath:
		ok = ok && path.MatchString(text)
	case wire.RoleTitle:
		ok = ok && !strings.ContainsAny(text, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff\n\t")
	case wire.RoleDecls, wire.RoleCSSValue, wire.RoleColour, wire.RoleMedia:
		ok = ok && !fetches.MatchString(unquoted(text))
	}
	if !ok {
		return fmt.Errorf("a string of role %d is not what its role allows", role)
	}
	return nil
}

// unquoted leaves out what stands in strings of CSS, but for those in url(), so that only what acts is searched.
func unquoted(css string) string {
	var s strings.Builder
	for i := 0; i < len(css); i++ {
		c := css[i]
		if (c == '"' || c == '\'') && !strings.HasSuffix(s.String(), "url(") {
			for i++; i < len(css) && css[i] != c; i++ {
				if css[i] == '\\' {
					i++
				}
			}
			continue
		}
		s.WriteByte(c)
	}
	return s.String()
}
