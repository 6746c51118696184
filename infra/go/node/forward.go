package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"
)

// runForward copies each connection of an inherited listening socket to one fresh dial of a target.
//
// The supervisor opens the socket in the host's network namespace and starts this program inside the
// instance's, so that a Service address resolves by kube-proxy's rules without a route on the host.
// *net.TCPConn to *net.TCPConn copies with splice(2): no bytes pass through this process.
func runForward() int {
	flags := flag.NewFlagSet("forward", flag.ContinueOnError)
	fd := flags.Int("listen-fd", 3, "number of the inherited listening socket")
	target := flags.String("target", "", "HOST:PORT that every connection is dialled to")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2
	}
	if *target == "" {
		fmt.Fprintln(os.Stderr, "forward: --target HOST:PORT is required")
		return 2
	}
	listener, err := net.FileListener(os.NewFile(uintptr(*fd), "listener"))
	if err != nil {
		fmt.Fprintf(os.Stderr, "forward: descriptor %d is no listening socket: %v\n", *fd, err)
		return 1
	}
	for {
		inbound, err := listener.Accept()
		if err != nil {
			log.Printf("forward: accept: %v", err)
			return 1
		}
		go forward(inbound.(*net.TCPConn), *target)
	}
}

func forward(inbound *net.TCPConn, target string) {
	defer inbound.Close()
	dialled, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		log.Printf("forward: %v", err)
		return
	}
	outbound := dialled.(*net.TCPConn)
	defer outbound.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		copyHalf(outbound, inbound)
	}()
	copyHalf(inbound, outbound)
	<-done
}

// copyHalf copies one direction and passes the end of the stream on, so that half-closed
// connections (a client that has sent everything and waits) keep working.
func copyHalf(to, from *net.TCPConn) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
	_ = from.CloseRead()
}
