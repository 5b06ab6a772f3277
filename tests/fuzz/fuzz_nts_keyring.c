/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The persisted key ring, its checksum made right when the first byte is
 * odd: what decodes is sound, encodes to the same bytes and can be loaded.
 */
#include "base/siphash.h"
#include "nts_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "nts key ring v1";
	uint8_t buf[NTS_KEYRING_FILE_LEN + 1] = {0};
	uint8_t again[NTS_KEYRING_FILE_LEN];
	struct nts_keyring ring;
	struct bytes_out out;

	if (len < 1)
		return 0;
	len--;
	if (len > sizeof(buf))
		len = sizeof(buf);
	memcpy(buf, data + 1, len);
	if (data[0] % 2 == 1 && len == NTS_KEYRING_FILE_LEN) {
		bytes_out_init(&out, buf + len - 8, 8);
		bytes_put_u64(&out, siphash_24(key, buf, len - 8));
	}
	if (nts_keyring_decode(&ring, buf, len) != 0)
		return 0;
	need(nts_keyring_valid(&ring));
	nts_keyring_encode(&ring, again);
	need(memcmp(again, buf, NTS_KEYRING_FILE_LEN) == 0);
	return 0;
}
