// Package access says who may do what, by policies in the Cedar language. It is asked when somebody joins, when what a customer
// agreed to changes and when the page does; the answer is a set of bits, and frames look at nothing else.
//
// Everything that is unclear is refused: what no policy permits, a policy that cannot be worked out, an address that can be
// read in no way.
package access

import (
	"crypto/sha256"
	_ "embed" // the default policy and the schema
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

//go:embed default.cedar
var defaultText []byte

//go:embed schema.cedarschema
var schemaText []byte

// Default is the text of the policy that holds where none is named.
func Default() []byte { return slices.Clone(defaultText) }

// maxPolicy is the longest policy file in bytes.
const maxPolicy = 1 << 20

// The kinds of things that policies speak of.
const (
	typeAgent  = cedar.EntityType("Agent")
	typeRole   = cedar.EntityType("Role")
	typeGroup  = cedar.EntityType("Group")
	typeServer = cedar.EntityType("Server")
	typeSite   = cedar.EntityType("Site")
	typePage   = cedar.EntityType("Page")
	typeAction = cedar.EntityType("Action")
)

// Policies are a policy file that was read and checked. They do not change.
type Policies struct {
	digest  string
	actions map[Action]list // the policies that an action can meet
	known   map[cedar.EntityUID]cedar.Entity
}

// A list is policies by their names, in the order of the file.
type list []named

type named struct {
	name   cedar.PolicyID
	policy *cedar.Policy
}

// All yields the policies with their names.
func (l list) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, n := range l {
			if !yield(n.name, n.policy) {
				return
			}
		}
	}
}

// Parse reads policies and holds them against the schema; name is what errors call the file.
func Parse(name string, text []byte) (*Policies, error) {
	if len(text) > maxPolicy {
		return nil, fmt.Errorf("%s: the policy has more than %d bytes", name, maxPolicy)
	}
	parsed, err := cedar.NewPolicyListFromBytes(name, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%s: holds no policy, and what no policy permits is refused: begin with `vitrine policy default`", name)
	}
	all, err := names(name, parsed)
	if err != nil {
		return nil, err
	}
	vocabulary, err := readSchema()
	if err != nil {
		return nil, err
	}
	check := validate.New(vocabulary.resolved)
	for _, n := range all {
		err := check.Policy("", tree(n.policy))
		if err == nil {
			err = vocabulary.roles(tree(n.policy))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d, policy %s: %s", name, n.policy.Position().Line, n.name, oneLine(err))
		}
	}
	sum := sha256.Sum256(text)
	p := &Policies{digest: hex.EncodeToString(sum[:8]), actions: map[Action]list{}, known: vocabulary.actions}
	for _, action := range Actions() {
		for _, n := range all {
			if vocabulary.meets(tree(n.policy).Action, action) {
				p.actions[action] = append(p.actions[action], n)
			}
		}
	}
	return p, nil
}

// Digest tells one version of a policy file from another.
func (p *Policies) Digest() string { return p.digest }

func tree(p *cedar.Policy) *ast.Policy { return (*ast.Policy)(p.AST()) }

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// names gives every policy its name: that of its @id, or its line.
func names(file string, parsed cedar.PolicyList) (list, error) {
	var all list
	seen := map[cedar.PolicyID]bool{}
	for _, policy := range parsed {
		line := policy.Position().Line
		id := string(policy.Annotations()["id"])
		switch {
		case id == "":
			id = fmt.Sprintf("line-%d", line)
		case !readable(id):
			return nil, fmt.Errorf("%s: line %d: an @id has 1 to 64 of a-z, 0-9 and '-'", file, line)
		}
		name := cedar.PolicyID(id)
		if seen[name] {
			return nil, fmt.Errorf("%s: line %d: there is another policy called %s: the audit log could not tell them apart", file, line, id)
		}
		seen[name] = true
		all = append(all, named{name, policy})
	}
	return all, nil
}

func readable(id string) bool {
	return len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// A vocabulary is the schema, read.
type vocabulary struct {
	resolved *resolved.Schema
	actions  map[cedar.EntityUID]cedar.Entity
}

// readSchema reads the schema, which is part of the program.
func readSchema() (vocabulary, error) {
	var s schema.Schema
	if err := s.UnmarshalCedar(schemaText); err != nil {
		return vocabulary{}, fmt.Errorf("access: schema: %w", err)
	}
	known, err := s.Resolve()
	if err != nil {
		return vocabulary{}, fmt.Errorf("access: schema: %w", err)
	}
	v := vocabulary{known, map[cedar.EntityUID]cedar.Entity{}}
	for id, action := range known.Actions {
		v.actions[id] = action.Entity
	}
	for _, action := range Actions() {
		if _, ok := v.actions[action.uid()]; !ok {
			return v, errors.New("access: schema: has no action " + string(action))
		}
	}
	return v, nil
}

// meets says whether a policy's scope can hold for an action at all. It only sorts out: Cedar decides.
func (v vocabulary) meets(scope ast.IsActionScopeNode, action Action) bool {
	within := func(id cedar.EntityUID) bool {
		return id == action.uid() || v.actions[action.uid()].Parents.Contains(id)
	}
	switch scope := scope.(type) {
	case ast.ScopeTypeEq:
		return within(scope.Entity)
	case ast.ScopeTypeIn:
		return within(scope.Entity)
	case ast.ScopeTypeInSet:
		return slices.ContainsFunc(scope.Entities, within)
	}
	return true
}

// roles refuses the names of roles that do not exist, which the validator lets through.
func (v vocabulary) roles(p *ast.Policy) (err error) {
	known := func(id cedar.EntityUID) {
		if id.Type == typeRole && !slices.Contains(v.resolved.Enums[typeRole].Values, id) {
			err = fmt.Errorf("there is no role %q", id.ID)
		}
	}
	switch scope := p.Principal.(type) {
	case ast.ScopeTypeEq:
		known(scope.Entity)
	case ast.ScopeTypeIn:
		known(scope.Entity)
	case ast.ScopeTypeIsIn:
		known(scope.Entity)
	}
	for _, condition := range p.Conditions {
		ast.Inspect(ast.NewNode(condition.Body), func(n ast.IsNode) bool {
			if value, ok := n.(ast.NodeValue); ok {
				if id, ok := value.Value.(cedar.EntityUID); ok {
					known(id)
				}
			}
			return true
		})
	}
	return err
}
