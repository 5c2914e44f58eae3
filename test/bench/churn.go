package main

import "errors"

// scenario is one way in which a page changes, and what recording it may cost against rrweb; 0 is for what has no bar.
type scenario struct {
	name          string
	script, bytes float64
}

// scenarios are in churn.mjs.
var scenarios = []scenario{
	{name: "recreate", script: 0.2, bytes: 0.06},
	{name: "reverse", script: 0.05},
	{name: "update"},
	{name: "data"},
	{name: "style"},
	{name: "insert"},
	{name: "typing"},
}

// churnTime bounds the browser's part: every sample is a page of its own in which all scenarios run.
const churnTime = 5 * groupTime

// churn measures what recording adds to pages that change much, and to one that does nothing.
func churn(b *bench) error {
	all, err := b.browseFor(churnTime, "churn")
	if err != nil {
		return err
	}
	for _, s := range scenarios {
		if err := s.figures(b, all); err != nil {
			return err
		}
	}
	return stillness(b, all)
}

// of gives the median of what a scenario's samples tell of a recorder.
func (s scenario) of(all []sample, mode string, value func(sample) float64) (float64, error) {
	list, err := pick(all, func(one sample) bool { return one.Scenario == s.name && one.Mode == mode }, value)
	return median(list), err
}

// milli is the script time of a sample.
func milli(s sample) float64 { return s.MS }

func (s scenario) figures(b *bench, all []sample) error {
	name := "churn." + s.name
	none, err := s.of(all, "none", milli)
	observer, err1 := s.of(all, "observer", milli)
	ours, err2 := s.of(all, "vitrine", milli)
	theirs, err3 := s.of(all, "rrweb", milli)
	if err := errors.Join(err, err1, err2, err3); err != nil {
		return err
	}
	added := measured(name, ours-none, "ms of script added")
	if err := b.printAll(
		added.versus("rrweb", theirs-none).wanted(s.script),
		measured(name+".page", none, "ms of script"),
		measured(name+".observer", observer-none, "ms of script added"),
	); err != nil {
		return err
	}
	sizes := []struct {
		suffix, against string
		most            float64
		value           func(sample) float64
	}{
		{".bytes", "rrweb JSON", s.bytes, func(s sample) float64 { return s.Bytes }},
		{".deflated", "rrweb JSON deflated", 0, func(s sample) float64 { return s.Deflated }},
		{".gzip", "rrweb JSON in one gzip", 0, func(s sample) float64 { return s.Gzip }},
	}
	for _, size := range sizes {
		ours, err1 := s.of(all, "vitrine", size.value)
		theirs, err2 := s.of(all, "rrweb", size.value)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if err := b.print(measured(name+size.suffix, ours, "B").versus(size.against, theirs).wanted(size.most)); err != nil {
			return err
		}
	}
	return nil
}

// wanted is atMost where there is a bar.
func (f figure) wanted(ratio float64) figure {
	if ratio == 0 {
		return f
	}
	return f.atMost(ratio)
}

// stillness measures a page that does nothing. The browser tells time in microseconds; what is less than a tenth of a
// millisecond a second is no work that is done again and again.
func stillness(b *bench, all []sample) error {
	s := scenario{name: "idle"}
	none, err1 := s.of(all, "none", milli)
	ours, err2 := s.of(all, "vitrine", milli)
	theirs, err3 := s.of(all, "rrweb", milli)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	return b.printAll(
		measured("churn.idle", ours, "ms of script a second").limit(0.1),
		measured("churn.idle.page", none, "ms of script a second"),
		measured("churn.idle.rrweb", theirs, "ms of script a second"),
	)
}
