// versitygw, an S3 server, with its parts that the tests need: the protocol, and a directory as its store. The others (clouds,
// file systems, directories of users) take most of the time in which it is built.
//
//	ROOT_ACCESS_KEY=... ROOT_SECRET_KEY=... versitygw ADDRESS BUCKETS ATTRIBUTES
//
// Each directory in BUCKETS is a bucket, each file below that an object; what a store knows of an object beside its bytes is in
// ATTRIBUTES, as BUCKET/KEY/meta/etag.
package main

import (
	"log"
	"os"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("versitygw ADDRESS BUCKETS ATTRIBUTES")
	}
	access, secret := os.Getenv("ROOT_ACCESS_KEY"), os.Getenv("ROOT_SECRET_KEY")
	attributes, err := meta.NewSideCar(os.Args[3])
	must(err)
	buckets, err := posix.New(os.Args[2], attributes, posix.PosixOpts{SideCarDir: os.Args[3], Concurrency: 100})
	must(err)
	people, err := auth.New(&auth.Opts{RootAccount: auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}})
	must(err)
	root := middlewares.RootUserConfig{Access: access, Secret: secret}
	server, err := s3api.New(buckets, root, "us-east-1", people, nil, nil, nil, nil,
		s3api.WithKeepAlive(), s3api.WithQuiet(), s3api.WithConcurrencyLimiter(1000, 1000))
	must(err)
	must(server.ServeMultiPort(os.Args[1:2]))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
