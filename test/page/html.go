package page

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// FromHTML reads a document and writes its snapshot the way a customer's browser would: what may not be shared is left
// out, hidden content is replaced by bullets, addresses of assets become numbers.
func FromHTML(r io.Reader) (*Builder, error) {
	doc, err := html.Parse(r)
	if err != nil {
		return nil, err
	}
	b := NewBuilder()
	b.Snapshot()
	b.Page(0, "https://shop.example/", "Page")
	b.View(1280, 720, 1000)
	b.Into(0)
	c := honest{b}
	for n := range doc.ChildNodes() {
		if n.Type == html.ElementNode {
			c.element(n, "", false)
		}
	}
	b.End()
	return b, nil
}

// honest writes what an honest browser writes.
type honest struct{ b *Builder }

// omitted are elements that act, or that are told in other ways.
var omitted = strings.Fields("script noscript template base meta title source track param datalist noembed noframes frameset frame")

// boxed are elements that an empty box stands for.
var boxed = strings.Fields("iframe object embed audio video canvas")

func (c honest) children(n *html.Node, in string, hidden bool) {
	e, _ := Element(Code(in))
	for k := range n.ChildNodes() {
		switch {
		case k.Type == html.TextNode && e.Content != vocab.Empty:
			c.b.Text(textOf(k.Data, hidden))
		case k.Type == html.ElementNode && e.Content != vocab.Empty && e.Content != vocab.Text:
			c.element(k, in, hidden)
		}
	}
}

// textOf gives the text as it is sent: bullets for what is hidden, and no more than fits.
func textOf(s string, hidden bool) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	for len(s) > wire.MaxLiteral {
		_, n := utf8.DecodeLastRuneInString(s[:wire.MaxLiteral])
		s = s[:wire.MaxLiteral-n]
	}
	if !hidden {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n\u00a0", r) {
			return r
		}
		return '\u2022'
	}, s)
}

// keyOf names the element that stands for n inside the element in; "" when there is none.
func keyOf(n *html.Node, in string) string {
	if n.Namespace == "svg" {
		key := "svg:" + n.Data
		inSVG := strings.HasPrefix(in, "svg:") && in != "svg:foreignObject"
		if Code(key) == 0 || !inSVG && key != "svg:svg" {
			return ""
		}
		return key
	}
	if n.Namespace == "math" {
		return mathKey(n.Data, in)
	}
	if strings.HasPrefix(in, "math:") {
		return ""
	}
	if strings.HasPrefix(in, "svg:") && in != "svg:foreignObject" || slices.Contains(omitted, n.Data) {
		return ""
	}
	switch {
	case n.Data == "link":
		if strings.EqualFold(attrOf(n, "rel"), "stylesheet") {
			return "style"
		}
		return ""
	case n.Data == "html" && in != "":
		return ""
	case customName.MatchString(n.Data) && !reserved[n.Data] && len(n.Data) <= 64:
		return "#custom"
	case strings.HasPrefix(n.Data, "#") || Code(n.Data) == 0:
		return "span"
	}
	return n.Data
}

// mathKey names the element that stands for one of MathML: unknown ones are laid out like mrow (MathML Core, section 2.1).
func mathKey(name, in string) string {
	key := "math:" + name
	inMath := strings.HasPrefix(in, "math:")
	switch {
	case !inMath && (key != "math:math" || strings.HasPrefix(in, "svg:") && in != "svg:foreignObject"):
		return ""
	case name == "annotation" || name == "annotation-xml":
		return ""
	case Code(key) == 0:
		return "math:mrow"
	}
	return key
}

func attrOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (c honest) element(n *html.Node, in string, hidden bool) {
	mark := attrOf(n, "data-vitrine")
	if n.Namespace == "" && slices.Contains(boxed, n.Data) || mark == "hide" ||
		slices.Contains(strings.Fields(attrOf(n, "class")), "cobrowsing_nosync") {
		if !strings.Contains(in, ":") && in != "" {
			c.b.Box(wire.BoxPrivate, 300, 150)
		}
		return
	}
	key := keyOf(n, in)
	if key == "" {
		return
	}
	own := mark == "mask" || isSecret(n)
	hidden = hidden || own
	attrs, lives := c.attrs(n, key, hidden), c.lives(n, key, hidden)
	if own {
		attrs = append([]Attr{{Code: vocab.MaskAttr}}, attrs...)
	}
	c.b.Elem(Code(key), n.Data, attrs, lives...)
	c.children(n, key, hidden)
	c.b.End()
}

// isSecret says whether a control is masked whatever the page says.
func isSecret(n *html.Node) bool {
	auto := strings.ToLower(attrOf(n, "autocomplete"))
	return n.Data == "input" && strings.EqualFold(attrOf(n, "type"), "password") ||
		strings.HasPrefix(auto, "cc-") || strings.HasSuffix(auto, "-password") || auto == "one-time-code"
}

func (c honest) attrs(n *html.Node, key string, hidden bool) (attrs []Attr) {
	code := Code(key)
	for _, a := range n.Attr {
		name := a.Key
		switch {
		case a.Namespace == "xlink" && a.Key == "href" && strings.HasPrefix(a.Val, "#"):
			name, a.Val = "#ref", strings.TrimPrefix(a.Val, "#")
		case a.Key == "href" && strings.HasPrefix(key, "svg:") && key != "svg:a":
			name, a.Val = "#ref", strings.TrimPrefix(a.Val, "#")
		case a.Namespace != "":
			continue
		case a.Key == "src" && (key == "img" || key == "input") && a.Val != "":
			name = "#src"
		case n.Data == "link" && a.Key == "href" && a.Val != "":
			name = "#sheet"
		}
		out, ok := Attribute(code, name, strings.ToValidUTF8(a.Val, "\ufffd"))
		rule, _ := AttributeOf(out.Code)
		readable := rule.Value == vocab.Attr || rule.Value == vocab.URL || out.Code == vocab.SrcAttr
		twice := slices.ContainsFunc(attrs, func(o Attr) bool { return o.Code == out.Code && o.Name == out.Name })
		if !ok || twice || hidden && readable || len(out.Text) > 64<<10 || len(attrs) == wire.MaxAttrs-1 || !sayable(out) {
			continue
		}
		attrs = append(attrs, out)
	}
	if n.Data == "style" && !hidden {
		if text := n.FirstChild; text != nil {
			attrs = append(attrs, Attr{Code: vocab.SheetAttr, Number: assetOf(text.Data)})
		}
	}
	return attrs
}

// sayable says whether what follows data- or aria- can be said.
func sayable(a Attr) bool {
	switch a.Code {
	case vocab.DataAttr:
		return suffix.MatchString(a.Name)
	case vocab.AriaAttr:
		return slices.Contains(ariaNames, a.Name)
	}
	return true
}

// ariaNames are the states and properties that pages use most; the others are left out here.
var ariaNames = strings.Fields("label labelledby hidden expanded controls current describedby haspopup live level busy checked disabled " +
	"selected pressed invalid required modal owns valuenow valuemin valuemax valuetext atomic orientation roledescription")

// AriaNames are the attributes behind aria- that FromHTML writes, in full.
func AriaNames() (list []string) {
	for _, n := range ariaNames {
		list = append(list, "aria-"+n)
	}
	return list
}

func (c honest) lives(n *html.Node, key string, hidden bool) (lives []Live) {
	has := func(name string) bool {
		return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Namespace == "" && a.Key == name })
	}
	switch key {
	case "option":
		if has("selected") {
			lives = append(lives, Live{Kind: wire.LiveSelected, A: 1})
		}
	case "input":
		return inputLives(n, hidden, has("checked"))
	case "textarea":
		text := ""
		if n.FirstChild != nil {
			text = n.FirstChild.Data
		}
		return valueLives(text, hidden)
	}
	return lives
}

func valueLives(value string, hidden bool) []Live {
	if hidden {
		return []Live{{Kind: wire.LiveBullets, A: int64(min(4096, utf8.RuneCountInString(value)))}}
	}
	return []Live{{Kind: wire.LiveValue, Text: textOf(value, false)}}
}

func inputLives(n *html.Node, hidden, checked bool) []Live {
	switch kind := strings.ToLower(attrOf(n, "type")); kind {
	case "checkbox", "radio":
		if checked {
			return []Live{{Kind: wire.LiveChecked, A: 1}}
		}
		return nil
	case "hidden", "file", "image":
		return nil
	}
	return valueLives(attrOf(n, "value"), hidden)
}
