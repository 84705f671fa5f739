package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// memory is that of a process and its children, in bytes (proc_pid_status(5)).
type memory struct {
	Resident int64 // in RAM now, VmRSS
	Private  int64 // of that, what is no file: RssAnon. Pages of files can be shared and dropped
	Peak     int64 // the most that was resident, VmHWM
}

// memoryOf reads the memory of a process and its children.
func memoryOf(pid int) (memory, error) {
	var sum memory
	for _, id := range family(pid) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", id))
		if err != nil {
			return memory{}, fmt.Errorf("reading the memory of process %d: %w", id, err)
		}
		one, err := parseStatus(string(raw))
		if err != nil {
			return memory{}, fmt.Errorf("reading the memory of process %d: %w", id, err)
		}
		sum.Resident += one.Resident
		sum.Private += one.Private
		sum.Peak += one.Peak
	}
	return sum, nil
}

var statusLine = regexp.MustCompile(`(?m)^(VmRSS|RssAnon|VmHWM):\s+(\d+) kB$`)

func parseStatus(status string) (memory, error) {
	fields := map[string]int64{}
	for _, found := range statusLine.FindAllStringSubmatch(status, -1) {
		kilobytes, err := strconv.ParseInt(found[2], 10, 64)
		if err != nil {
			return memory{}, err
		}
		fields[found[1]] = kilobytes << 10
	}
	if len(fields) != 3 {
		return memory{}, fmt.Errorf("its status tells %d of 3 figures", len(fields))
	}
	return memory{Resident: fields["VmRSS"], Private: fields["RssAnon"], Peak: fields["VmHWM"]}, nil
}

// processorOf is the time of the processor that a process and its children took.
func processorOf(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, id := range family(pid) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return 0, fmt.Errorf("reading the time of process %d: %w", id, err)
		}
		one, err := parseStat(string(raw))
		if err != nil {
			return 0, fmt.Errorf("reading the time of process %d: %w", id, err)
		}
		sum += one.time
	}
	return sum, nil
}

// stat is what is used of a line of proc_pid_stat(5).
type stat struct {
	parent int
	time   time.Duration // user and system, that of children who ended included
}

// tick is the unit of times in /proc, which is the same on every Linux that Go
// supports (USER_HZ).
const tick = 10 * time.Millisecond

func parseStat(line string) (stat, error) {
	// The name of the program, in parentheses, may hold anything.
	_, rest, found := cutLast(line, ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 15 {
		return stat{}, fmt.Errorf("no line of /proc: %q", line)
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return stat{}, err
	}
	s := stat{parent: parent}
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return stat{}, err
		}
		s.time += time.Duration(ticks) * tick
	}
	return s, nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// family are a process and its descendants.
func family(pid int) []int {
	parents := map[int]int{}
	lines, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, file := range lines {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if s, err := parseStat(string(raw)); err == nil {
			parents[id] = s.parent
		}
	}
	return descendants(pid, parents)
}

// descendants are a process and all that have it among their ancestors.
func descendants(pid int, parents map[int]int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for id, parent := range parents {
			if parent == all[i] {
				all = append(all, id)
			}
		}
	}
	return all
}
