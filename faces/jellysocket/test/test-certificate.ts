/** A key and a self-signed certificate for localhost and 127.0.0.1, valid until 2126. For tests: the key is public. */
export const testCertificate: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdxJvICl3h1FOj6HD
lMJ+CsvX/9rLg7zrzwQrx2Rj+KqhRANCAARHVuKYj6egZzhTUIaxM24vmtU1Wpyk
HqXvjeum0U1/Bjv/Nww42ZQoSwuzgZNOMGBfff1Ra4M2jldxljkcs6Fp
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUddbCTWyY9qQ5XsMb0wMp9EaANAIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE0NTkzMVoYDzIxMjYxMDI5
MTQ1OTMxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARHVuKYj6egZzhTUIaxM24vmtU1WpykHqXvjeum0U1/Bjv/Nww42ZQo
SwuzgZNOMGBfff1Ra4M2jldxljkcs6Fpo28wbTAdBgNVHQ4EFgQU2TTL7wl6zOyC
orFlRJ4iBJQKj0AwHwYDVR0jBBgwFoAU2TTL7wl6zOyCorFlRJ4iBJQKj0AwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhANbOl4ywbzywsfjk9z398NBinqNe3DgzFtgH8RbrnKy5AiEA
o+4Wi3HyIoDXQ1BTy8QMKAThjmSLaAP98Q/cu04q/zA=
-----END CERTIFICATE-----
`,
};
