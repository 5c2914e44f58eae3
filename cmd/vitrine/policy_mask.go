package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"vitrine/sanitizer"
)

// privacy is what the SDK does with an element. The numbers grow with secrecy.
type privacy int

const (
	shown   privacy = iota
	quiet           // private by default: texts and values as bullets
	masked          // as bullets, and the server holds the page to it
	removed         // an empty box
)

// pageMasks are the masks of a page, as the SDK reads them (web/sdk/mask.ts).
type pageMasks struct {
	selectors []cascadia.SelectorGroup
	private   bool
	detect    []string // kinds of secrets that are looked for in texts
	showQuery bool     // addresses are shown with query and fragment
}

func newPageMasks(site *siteConfig) (*pageMasks, error) {
	m := &pageMasks{private: site.Private, detect: site.Detect, showQuery: site.ShowQuery}
	for _, kind := range site.Detect {
		if _, ok := sanitizer.DetectNamed(kind); !ok {
			return nil, fmt.Errorf("detect: %q is no kind of secret: cards, ibans and emails are", kind)
		}
	}
	for _, s := range site.Mask {
		group, err := cascadia.ParseGroup(s)
		if err != nil {
			return nil, fmt.Errorf("mask: this command cannot read the selector %q; leave it out and check it in the preview", s)
		}
		m.selectors = append(m.selectors, group)
	}
	return m, nil
}

var (
	secretWords = regexp.MustCompile(`(?i)(^|\s)(cc-[a-z-]+|one-time-code|current-password|new-password)(\s|$)`)
	secretNames = regexp.MustCompile(`(?i)card.?(num|no\b)|cc.?(num|no\b)|(^|[^a-z])(cvv2?|cvc2?|csc|otp|one.?time.?code|security.?code)([^a-z]|$)`)
	notText     = regexp.MustCompile(`^(checkbox|radio|range|color|date|time|datetime-local|month|week|file|button|submit|reset|image|hidden)$`)
)

// of says what holds for an element below another, and why when it is masked by itself.
func (m *pageMasks) of(n *html.Node, outer privacy) (privacy, string) {
	wishes := strings.Fields(attr(n, "data-vitrine"))
	wish := func(what string) bool { return contains(wishes, what) }
	switch {
	case outer == removed:
		return removed, ""
	case wish("hide"):
		return removed, `data-vitrine="hide"`
	case contains(strings.Fields(attr(n, "class")), "cobrowsing_nosync"):
		return removed, "class cobrowsing_nosync"
	}
	if why := m.own(n, wish); why != "" {
		return masked, why
	}
	if outer == quiet {
		if wish("show") {
			return shown, ""
		}
		if isField(n) {
			return masked, "the site is private"
		}
	}
	return outer, ""
}

// own says why an element is masked wherever it stands; empty when it is not.
func (m *pageMasks) own(n *html.Node, wish func(string) bool) string {
	if wish("mask") {
		return `data-vitrine="mask"`
	}
	for _, s := range m.selectors {
		if s.Match(n) {
			return "a selector of the site's masks"
		}
	}
	kind := strings.ToLower(attr(n, "type"))
	text := n.Data == "textarea" || n.Data == "input" && !notText.MatchString(kind)
	switch {
	case !isField(n):
	case n.Data == "input" && (kind == "password" || kind == "hidden"):
		return "an input of type " + kind
	case secretWords.MatchString(attr(n, "autocomplete")):
		return "its autocomplete names a secret"
	case text && !wish("show") && secretNames.MatchString(attr(n, "name")+" "+attr(n, "id")):
		return "its name or id names a secret"
	}
	return ""
}

func isField(n *html.Node) bool {
	return n.Namespace == "" && (n.Data == "input" || n.Data == "textarea" || n.Data == "select")
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// attr is the value of an attribute; empty when it is not there.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
