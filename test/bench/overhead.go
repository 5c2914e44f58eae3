package main

import "errors"

// overheadTime bounds the browser's part: every sample is a page of its own and some seconds of use.
const overheadTime = 6 * groupTime

// applications are in apps, what is done with them in overhead.mjs.
var applications = []string{"todo", "grid", "editor"}

// overhead measures what a session adds to applications that were not made for it while they are used.
func overhead(b *bench) error {
	all, err := b.browseHosted(overheadTime, "overhead")
	if err != nil {
		return err
	}
	for _, app := range applications {
		of := func(mode string, value func(sample) float64) float64 {
			list, e := pick(all, func(s sample) bool { return s.Page == app && s.Mode == mode }, value)
			err = errors.Join(err, e)
			return median(list)
		}
		task := func(s sample) float64 { return s.Task }
		script := measured("overhead."+app, of("shared", milli), "ms of script").versus("without a session", of("alone", milli)).atMost(1.15)
		whole := measured("overhead."+app+".task", of("shared", task), "ms of all tasks").versus("without a session", of("alone", task))
		if err != nil {
			return err
		}
		if err := b.printAll(script, whole); err != nil {
			return err
		}
	}
	return nil
}
