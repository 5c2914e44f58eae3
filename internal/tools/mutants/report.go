package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// tally counts the mutants of one threat row.
type tally struct{ all, threat, killed int }

// report prints what survived, a line for each threat row and the score. It is false when too much survived.
func report(mutants []*mutant, results map[*mutant]result, equivalent map[string]string, verbose bool) bool {
	rows := map[string]*tally{}
	var sum tally
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	for _, m := range mutants {
		res, asked := results[m]
		if !asked {
			continue
		}
		row, _, _ := strings.Cut(m.rule, "-")
		row, _, _ = strings.Cut(row, " ")
		if rows[row] == nil {
			rows[row] = &tally{}
		}
		for _, t := range []*tally{rows[row], &sum} {
			t.all++
			if res.killer != "" {
				t.killed++
			}
			if res.threat {
				t.threat++
			}
		}
		switch {
		case res.killer == "":
			fmt.Fprintf(w, "%s\tSURVIVED\t%s\n", m.rule, m)
		case verbose:
			fmt.Fprintf(w, "%s\t%s\t%s\n", m.rule, res.killer, m)
		}
	}
	w.Flush()
	fmt.Fprintln(w, "\nrow\tmutants\tkilled\tby a threat test")
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		t := rows[row]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", row, t.all, t.killed, t.threat)
	}
	w.Flush()
	fmt.Printf("\n%d mutants, %d killed, %d of them by a test named after a threat; %d more change nothing (equivalent.txt)\n",
		sum.all, sum.killed, sum.threat, len(equivalent))
	if sum.all == 0 {
		fmt.Println("make mutants: FAILED: no mutant was asked for")
		return false
	}
	score := 100 * float64(sum.killed) / float64(sum.all)
	if score < least {
		fmt.Printf("make mutants: FAILED: score %.1f %%, %d %% are needed\n", score, least)
		return false
	}
	fmt.Printf("make mutants: passed, score %.1f %%\n", score)
	return true
}
