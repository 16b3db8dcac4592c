// Tells ThreadSanitizer how Swift's runtime orders threads, which it cannot see on Linux: the runtime is not built with it, and
// nobody calls the hook that Apple's platforms call. Without this every value that a task hands on looks like a race, and every
// Mutex that two threads wanted at once. Preloaded by script/test --sanitize thread.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SWIFT_ASYNC __attribute__((swiftasynccall))
#define SELF __attribute__((swift_context)) void *self

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));
/// Of libswiftCore: turns on what the runtime tells of tasks.
extern void __tsan_on_initialize(void) __attribute__((weak));

__attribute__((constructor)) static void initialize(void) {
    if (__tsan_acquire && __tsan_on_initialize) __tsan_on_initialize();
}

typedef SWIFT void (*lock_function)(uint32_t, SELF);
typedef SWIFT void (*unlock_function)(SELF);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF) {
    if (__tsan_release) __tsan_release(self);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}

// The runtime tells of a task that is woken up, not of one whose continuation was resumed before it waited. So each await goes on
// through `resumed`, which tells of both. What it goes on with is kept by the context, which lives as long as the await.
extern void *swift_task_getCurrent(void) __attribute__((swiftcall, weak));
typedef SWIFT_ASYNC void (*await_function)(void *);
typedef SWIFT_ASYNC void (*resume_function)(__attribute__((swift_async_context)) void *);

/// The head of a ContinuationAsyncContext (swift/ABI/Task.h).
struct context {
    void *parent;
    resume_function resume;
};

/// An await that was woken up in the runtime's way leaves its entry behind, for the next with that context to write over.
enum { AWAITS = 1 << 20, PROBES = 256 };
static struct { _Atomic(struct context *) context; resume_function resume; } awaits[AWAITS];

static unsigned slot(struct context *context, unsigned probe) { return (((uintptr_t)context >> 4) + probe) % AWAITS; }

/// False when there is no room: then this await is told of as the runtime does.
static bool remember(struct context *context) {
    for (unsigned probe = 0; probe < PROBES; probe++) {
        unsigned i = slot(context, probe);
        struct context *found = NULL;
        if (!atomic_compare_exchange_strong(&awaits[i].context, &found, context) && found != context) continue;
        awaits[i].resume = context->resume;
        return true;
    }
    return false;
}

static resume_function recall(struct context *context) {
    for (unsigned probe = 0;; probe++) {
        unsigned i = slot(context, probe);
        if (atomic_load(&awaits[i].context) != context) continue;
        resume_function resume = awaits[i].resume;
        atomic_store(&awaits[i].context, NULL);
        return resume;
    }
}

SWIFT_ASYNC static void resumed(__attribute__((swift_async_context)) void *context) {
    __tsan_acquire(swift_task_getCurrent());
    resume_function resume = recall(context);
    __attribute__((musttail)) return resume(context);
}

SWIFT_ASYNC void swift_continuation_await(void *context) {
    if (__tsan_acquire && swift_task_getCurrent && remember(context)) ((struct context *)context)->resume = resumed;
    await_function await = (await_function)dlsym(RTLD_NEXT, "swift_continuation_await");
    __attribute__((musttail)) return await(context);
}
