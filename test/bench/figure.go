package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// bench is what the groups share.
type bench struct {
	root string // of the repository
}

// figure is one line of the output.
type figure struct {
	Name    string   `json:"name"`
	Value   float64  `json:"value"`
	Unit    string   `json:"unit"`
	Against string   `json:"against"` // what the ratio is to: a peer measured in the same run, or a limit; may be empty
	Ratio   *float64 `json:"ratio"`   // value / what it is held against; null when there is nothing

	target string // how the ratio must be, for the progress on stderr
	met    bool
}

// measured is a figure that is held against nothing.
func measured(name string, value float64, unit string) figure {
	return figure{Name: name, Value: round(value), Unit: unit}
}

// versus holds the figure against a peer's value.
func (f figure) versus(peer string, value float64) figure {
	ratio := round(f.Value / value)
	f.Against, f.Ratio = peer, &ratio
	return f
}

// limit holds the figure against the most that it may be.
func (f figure) limit(most float64) figure {
	return f.versus(fmt.Sprintf("limit %g %s", most, f.Unit), most).atMost(1)
}

// atMost and atLeast are what the ratio should be.
func (f figure) atMost(ratio float64) figure {
	f.target, f.met = fmt.Sprintf("at most %g", ratio), *f.Ratio <= ratio
	return f
}

func (f figure) atLeast(ratio float64) figure {
	f.target, f.met = fmt.Sprintf("at least %g", ratio), *f.Ratio >= ratio
	return f
}

// round keeps four digits: more would be noise.
func round(v float64) float64 {
	var out float64
	// What Sprintf wrote, Sscanf reads.
	_, _ = fmt.Sscanf(fmt.Sprintf("%.4g", v), "%g", &out)
	return out
}

// print writes the figure to stdout, and to stderr whether it is what it should be.
func (b *bench) print(f figure) error {
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	switch {
	case f.target != "" && f.met:
		fmt.Fprintf(os.Stderr, "   %s: ratio %g, wanted %s\n", f.Name, *f.Ratio, f.target)
	case f.target != "":
		fmt.Fprintf(os.Stderr, "   %s: MISSED: ratio %g, wanted %s\n", f.Name, *f.Ratio, f.target)
	}
	return nil
}

func (b *bench) printAll(figures ...figure) error {
	for _, f := range figures {
		if err := b.print(f); err != nil {
			return err
		}
	}
	return nil
}

// samples is how many samples a median is made of.
const samples = 5

// interleave runs each variant in turns, once to warm up and then as often as samples says, and gives the median of each.
// The order is turned round every time, so that no variant always runs behind the same one.
func interleave(variants ...func() (float64, error)) ([]float64, error) {
	got := make([][]float64, len(variants))
	for i := range samples + 1 {
		for j := range variants {
			k := j
			if i%2 == 1 {
				k = len(variants) - 1 - j
			}
			v, err := variants[k]()
			if err != nil {
				return nil, err
			}
			if i > 0 {
				got[k] = append(got[k], v)
			}
		}
	}
	medians := make([]float64, len(variants))
	for i, list := range got {
		medians[i] = median(list)
	}
	return medians, nil
}

func median(list []float64) float64 { return quantile(list, 0.5) }

// quantile is the value below which a share q of the list lies; between two values it is their weighted mean.
func quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
