package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// block is the code block of a document whose fence begins with these words.
func block(t *testing.T, name, fence string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^( *)```" + fence + "\n(.*?)^ *```$").FindStringSubmatch(string(data))
	if m == nil {
		t.Fatalf("%s has no block %q", name, fence)
	}
	return regexp.MustCompile("(?m)^"+m[1]).ReplaceAllString(m[2], "")
}

// command holds what stands after `vitrine` against the real commands: their names and flags, and when it is whole, what
// they must be given.
func command(args []string, whole bool) error {
	cmd, rest, err := root().Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	if !cmd.Runnable() {
		return errors.New("no such command")
	}
	return errors.Join(cmd.ValidateArgs(cmd.Flags().Args()), cmd.ValidateRequiredFlags())
}

var word = regexp.MustCompile(`"[^"]*"|[^\s"]+`)

// words splits a line as a shell does, as far as the documents go; variables stay what they are.
func words(line string) (list []string) {
	for _, w := range word.FindAllString(line, -1) {
		if strings.HasPrefix(w, "#") || strings.ContainsAny(w, "<>|&;") && !strings.HasPrefix(w, `"`) {
			break // what follows is for the shell or for the reader
		}
		list = append(list, strings.Trim(w, `"`))
	}
	return list
}

// Every command of the documents is one: as a line of a code block with all that it needs, in the text at least by name
// and flags.
func TestCommandsOfTheDocuments(t *testing.T) {
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, c := range root().Commands() {
		commands = append(commands, c.Name())
	}
	lines := regexp.MustCompile(`(?m)(?:^|[ (/])vitrine ((?:` + strings.Join(commands, "|") + `)\b[^)\n]*)`)
	others := regexp.MustCompile(`\$\((?:[a-uw-z]|v[^i])[^)]*\)`) // what another command prints
	inline := regexp.MustCompile("`(?:[a-z/]*/)?vitrine ([a-z][^`]*)`")
	fences := regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	whole, named := 0, 0
	for _, name := range append(names, "../../README.md") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range fences.FindAllString(string(data), -1) {
			for _, m := range lines.FindAllStringSubmatch(others.ReplaceAllString(code, "OUTPUT"), -1) {
				whole++
				if err := command(words(m[1]), true); err != nil {
					t.Errorf("%s: vitrine %s: %v", filepath.Base(name), m[1], err)
				}
			}
		}
		for _, m := range inline.FindAllStringSubmatch(fences.ReplaceAllString(string(data), ""), -1) {
			named++
			if err := command(words(m[1]), false); err != nil {
				t.Errorf("%s: vitrine %s: %v", filepath.Base(name), m[1], err)
			}
		}
	}
	if whole < 10 || named < 10 {
		t.Errorf("only %d commands and %d in the text were found", whole, named)
	}
	for _, wrong := range []string{"serve --nothing", "turn nothing", "turn check", "tokn agent", "turn check a b"} {
		if command(words(wrong), true) == nil {
			t.Errorf("%q passes for a command", wrong)
		}
	}
}

// The parts of Kubernetes' API that the manifests use. A key that is not here is a mistake, or is to be looked up and added.
type (
	manifest struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Data       map[string]string
		Spec       manifestSpec
	}
	manifestSpec struct {
		AccessModes           []string `yaml:"accessModes"`
		Resources             struct{ Requests struct{ Storage string } }
		Replicas              int
		Strategy              struct{ Type string }
		Selector              yaml.Node
		Template              podTemplate
		Type                  string
		ExternalTrafficPolicy string `yaml:"externalTrafficPolicy"`
		Ports                 []struct {
			Name, Protocol string
			Port           int
			TargetPort     string `yaml:"targetPort"`
		}
	}
	podTemplate struct {
		Metadata struct{ Labels map[string]string }
		Spec     podSpec
	}
	podSpec struct {
		Grace    int `yaml:"terminationGracePeriodSeconds"`
		Security struct {
			NonRoot bool                  `yaml:"runAsNonRoot"`
			User    int                   `yaml:"runAsUser"`
			Group   int                   `yaml:"runAsGroup"`
			FSGroup int                   `yaml:"fsGroup"`
			Seccomp struct{ Type string } `yaml:"seccompProfile"`
		} `yaml:"securityContext"`
		Containers []containerSpec
		Volumes    []struct {
			Name      string
			ConfigMap struct{ Name string } `yaml:"configMap"`
			Secret    struct {
				Name string `yaml:"secretName"`
			}
			Claim struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
	containerSpec struct {
		Name, Image string
		Args        []string
		Ports       []struct {
			Name, Protocol string
			Port           int `yaml:"containerPort"`
		}
		Liveness  probeSpec `yaml:"livenessProbe"`
		Readiness probeSpec `yaml:"readinessProbe"`
		Security  struct {
			Escalation   *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
			Capabilities struct{ Drop []string }
		} `yaml:"securityContext"`
		Mounts []struct {
			Name     string
			Path     string `yaml:"mountPath"`
			ReadOnly bool   `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
	probeSpec struct {
		HTTP struct{ Path, Port, Scheme string } `yaml:"httpGet"`
	}
)

// manifests are those of the document, by kind.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(block(t, "DEPLOY.md", "yaml kubernetes")))
	dec.KnownFields(true)
	all := map[string]manifest{}
	for {
		var m manifest
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[m.Kind] = m
	}
}

// embedded is the configuration of the manifests, which must be one that the server starts with.
func embedded(t *testing.T, m manifest) config {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vitrine.yaml")
	if err := os.WriteFile(name, []byte(m.Data["vitrine.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	if err := errors.Join(load(name, &c), c.validate()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestManifestsForKubernetes(t *testing.T) {
	all := manifests(t)
	c := embedded(t, all["ConfigMap"])
	deployment, service := all["Deployment"], all["Service"]
	pod := deployment.Spec.Template.Spec
	if len(all) != 4 || len(pod.Containers) != 1 || all["PersistentVolumeClaim"].Spec.Resources.Requests.Storage == "" {
		t.Fatalf("%d kinds, %d containers", len(all), len(pod.Containers))
	}
	box := pod.Containers[0]
	ports := map[string]string{} // "TCP tcp" → number
	for _, p := range box.Ports {
		ports[p.Protocol+" "+p.Name] = ":" + yamlInt(p.Port)
	}
	probes := map[string]probeSpec{"/healthz": box.Liveness, "/readyz": box.Readiness}
	for path, p := range probes {
		if p.HTTP.Path != path || p.HTTP.Scheme != "HTTPS" || ports["TCP "+p.HTTP.Port] == "" || !c.TLS.on() {
			t.Errorf("the probe of %s: %+v", path, p)
		}
	}
	for _, p := range service.Spec.Ports {
		at := ports[p.Protocol+" "+p.TargetPort]
		switch {
		case at == "":
			t.Errorf("the service leads to %s %s, which the container has not", p.Protocol, p.TargetPort)
		case p.Protocol == "TCP" && (!strings.HasSuffix(c.Listen, at) || p.Port != 443):
			t.Errorf("TCP %d leads to %s, the server listens at %s", p.Port, at, c.Listen)
		case p.Protocol == "UDP" && (!strings.HasSuffix(string(c.UDP), at) || at != ":"+yamlInt(p.Port)):
			t.Errorf("UDP %d leads to %s, browsers are told %s", p.Port, at, c.UDP)
		}
	}
	if len(service.Spec.Ports) != 2 || service.Spec.Type != "LoadBalancer" || service.Spec.ExternalTrafficPolicy != "Local" {
		t.Errorf("the service: %+v", service.Spec)
	}
	if err := command(box.Args, true); err != nil {
		t.Error(err)
	}
	s := pod.Security
	switch {
	case !s.NonRoot, s.User == 0, s.User != s.FSGroup, s.Seccomp.Type != "RuntimeDefault", box.Security.Escalation == nil || *box.Security.Escalation,
		!box.Security.ReadOnly, !slices.Equal(box.Security.Capabilities.Drop, []string{"ALL"}):
		t.Errorf("it has more rights than it needs: %+v, %+v", s, box.Security)
	}
	if time.Duration(pod.Grace)*time.Second < 2*stopTime || deployment.Spec.Replicas != 1 || deployment.Spec.Strategy.Type != "Recreate" {
		t.Errorf("%d s to end, %d replicas, %s", pod.Grace, deployment.Spec.Replicas, deployment.Spec.Strategy.Type)
	}
	mounts(t, pod, map[string]bool{c.Data: false, c.TLS.Certificate: true, c.TLS.Key: true, box.Args[len(box.Args)-1]: true})
}

// mounts sees whether each file is on a volume of the pod, beneath its root, for reading only or not.
func mounts(t *testing.T, pod podSpec, files map[string]bool) {
	t.Helper()
	for file, readOnly := range files {
		found := false
		for _, m := range pod.Containers[0].Mounts {
			if strings.HasPrefix(path.Dir(file)+"/", m.Path+"/") && m.ReadOnly == readOnly {
				for _, v := range pod.Volumes {
					found = found || v.Name == m.Name && (v.ConfigMap.Name+v.Secret.Name+v.Claim.Name) != ""
				}
			}
		}
		if !found {
			t.Errorf("%s is on no volume, or on one with other rights", file)
		}
	}
}

func yamlInt(n int) string {
	data, _ := json.Marshal(n) // a number always is JSON
	return string(data)
}

// The Dockerfile is read as its reference says: one instruction a line, JSON where a list stands, and nothing unknown.
func TestDockerfile(t *testing.T) {
	all := map[string][]string{}
	for line := range strings.Lines(block(t, "DEPLOY.md", "dockerfile")) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if _, twice := all[name]; !ok || twice {
			t.Fatalf("%q", line)
		}
		switch name {
		case "FROM", "USER", "VOLUME", "COPY", "EXPOSE":
			all[name] = strings.Fields(rest)
		case "ENTRYPOINT", "CMD":
			var list []string
			if err := json.Unmarshal([]byte(rest), &list); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all[name] = list
		default:
			t.Fatalf("unknown: %q", line)
		}
	}
	box := manifests(t)["Deployment"].Spec.Template.Spec.Containers[0]
	if copied := all["COPY"]; len(copied) != 2 || copied[0] != "bin/vitrine" || !slices.Equal(all["ENTRYPOINT"], copied[1:]) {
		t.Errorf("%v is copied, %v is started", copied, all["ENTRYPOINT"])
	}
	if err := command(all["CMD"], true); err != nil || !slices.Equal(all["CMD"], box.Args) {
		t.Errorf("%v, in Kubernetes %v: %v", all["CMD"], box.Args, err)
	}
	var ports []string
	for _, p := range box.Ports {
		ports = append(ports, yamlInt(p.Port)+"/"+strings.ToLower(p.Protocol))
	}
	if !slices.Equal(all["EXPOSE"], ports) || !slices.Equal(all["USER"], []string{"65532:65532"}) || len(all["FROM"]) != 1 || len(all["VOLUME"]) != 1 {
		t.Errorf("%v, in Kubernetes %v", all, ports)
	}
}

// The unit starts the real commands, gives them the time that an end takes, and systemd takes every line of it.
func TestSystemdUnit(t *testing.T) {
	unit := block(t, "DEPLOY.md", "ini")
	starts := regexp.MustCompile(`(?m)^ExecStart(?:Pre)?=/usr/local/bin/vitrine (.*)$`).FindAllStringSubmatch(unit, -1)
	if len(starts) != 2 {
		t.Fatalf("%d commands", len(starts))
	}
	for _, m := range starts {
		if err := command(words(m[1]), true); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
	limit := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if limit == nil {
		t.Fatal("no TimeoutStopSec")
	}
	if stop, err := time.ParseDuration(limit[1] + "s"); err != nil || stop < 2*stopTime {
		t.Errorf("%v to end, %v", stop, err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here: the unit's lines were not given to systemd")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text string) (string, error) {
		name := filepath.Join(t.TempDir(), "vitrine.service")
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "/usr/local/bin/vitrine", self)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(analyze, "verify", "--man=no", name).CombinedOutput()
		var about []string // other units of this machine are none of ours
		for line := range bytes.Lines(out) {
			if bytes.Contains(line, []byte("vitrine.service")) {
				about = append(about, string(line))
			}
		}
		return strings.Join(about, ""), err
	}
	if said, err := verify(unit); said != "" {
		t.Errorf("%v: %s", err, said)
	}
	if said, _ := verify(strings.Replace(unit, "NoNewPrivileges=", "NoNewPrivilege=", 1)); said == "" {
		t.Skip("systemd-analyze finds nothing in a wrong unit here: the unit's lines were not looked at")
	}
}
