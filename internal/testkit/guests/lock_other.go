//go:build !linux

package guests

import "errors"

// lock is never reached: Available finds no apt-get on these hosts.
func lock(string) (unlock func(), err error) {
	return nil, errors.New("guests are fetched on Linux only")
}
